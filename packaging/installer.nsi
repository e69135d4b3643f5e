; The installer for Windows, made on Linux: packaging/installer.sh
;
;   NexusLIMS-Logger-Setup.exe /S [/CONFIG=FILE] [/AUTOSTART=1] [/SYNCTASK=0] [/D=C:\Folder]
;
; Exit codes: 0 done, 1 cancelled, 2 failed, 3 the program is running and nothing was changed.

Unicode true
Target amd64-unicode
SetCompressor /SOLID ${COMPRESSION}
RequestExecutionLevel admin
ManifestDPIAware true

!include FileFunc.nsh
!include LogicLib.nsh
!include MUI2.nsh
!include x64.nsh

!define NAME "NexusLIMS-Logger"
!define CONSOLE "nexuslims-logger.exe"
!define WINDOW "NexusLIMS-Logger-Window.exe"
!define TASK "NexusLIMS-Logger sync"
!define REGISTERED "Software\Microsoft\Windows\CurrentVersion\Uninstall\${NAME}"
!define RUNNING 3

Name "${NAME} ${VERSION}"
OutFile "${OUT}"
InstallDir "$PROGRAMFILES64\${NAME}"
InstallDirRegKey HKLM "${REGISTERED}" "InstallLocation"
VIProductVersion "${VERSION}.0"
VIAddVersionKey "ProductName" "${NAME}"
VIAddVersionKey "ProductVersion" "${VERSION}"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "FileDescription" "Installs ${NAME}"
VIAddVersionKey "LegalCopyright" "MIT License"

!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define MUI_ABORTWARNING
!insertmacro MUI_PAGE_LICENSE "${LICENSE}"
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_COMPONENTS
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"

Var Machine ; the machine-wide folder: the facility's settings, and below it the journal

; Nobody writes into a program that runs. $0 afterwards: 1 while one of the two runs.
!macro LookForProgram
  StrCpy $0 0
  ${If} ${FileExists} "$INSTDIR\${CONSOLE}"
    ClearErrors
    FileOpen $1 "$INSTDIR\${CONSOLE}" a
    ${If} ${Errors}
      StrCpy $0 1
    ${Else}
      FileClose $1
    ${EndIf}
  ${EndIf}
  ${If} ${FileExists} "$INSTDIR\${WINDOW}"
    ClearErrors
    FileOpen $1 "$INSTDIR\${WINDOW}" a
    ${If} ${Errors}
      StrCpy $0 1
    ${Else}
      FileClose $1
    ${EndIf}
  ${EndIf}
!macroend

!macro RefuseWhileRunning
  !insertmacro LookForProgram
  ${If} $0 = 1
    MessageBox MB_OK|MB_ICONEXCLAMATION "${NAME} is running on this PC. End its session (or close its window: \
      that pauses the session), then try again. Nothing has been changed." /SD IDOK
    SetErrorLevel ${RUNNING}
    Quit
  ${EndIf}
!macroend

!macro Places
  SetShellVarContext all
  SetRegView 64
  StrCpy $Machine "$APPDATA\${NAME}"
!macroend

Section "The program" PROGRAM
  SectionIn RO
  !insertmacro RefuseWhileRunning
  ClearErrors
  ; What a later version no longer has must not stay.
  RMDir /r "$INSTDIR\_internal"
  SetOutPath "$INSTDIR"
  File /r "${SOURCE}\*"
  ${If} ${Errors}
    SetErrorLevel 2
    Abort "The files could not be written. Close ${NAME}, and run this again."
  ${EndIf}

  ; Everybody who works on this PC writes the one journal; only an administrator changes the settings.
  CreateDirectory "$Machine\home"
  nsExec::Exec '"$SYSDIR\icacls.exe" "$Machine" /inheritance:r /grant *S-1-5-18:(OI)(CI)F *S-1-5-32-544:(OI)(CI)F *S-1-5-32-545:(OI)(CI)RX'
  Pop $0
  nsExec::Exec '"$SYSDIR\icacls.exe" "$Machine\home" /grant *S-1-5-32-545:(OI)(CI)M'
  Pop $0
  ${GetParameters} $1
  ClearErrors
  ${GetOptions} $1 "/CONFIG=" $2
  ${IfNot} ${Errors}
    ClearErrors
    CopyFiles /SILENT "$2" "$Machine\config.json"
    ${If} ${Errors}
      SetErrorLevel 2
      Abort "$2 could not be copied to $Machine\config.json."
    ${EndIf}
  ${EndIf}

  WriteUninstaller "$INSTDIR\uninstall.exe"
  WriteRegStr HKLM "${REGISTERED}" "DisplayName" "${NAME}"
  WriteRegStr HKLM "${REGISTERED}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKLM "${REGISTERED}" "DisplayIcon" "$INSTDIR\${WINDOW}"
  WriteRegStr HKLM "${REGISTERED}" "Publisher" "${NAME}"
  WriteRegStr HKLM "${REGISTERED}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKLM "${REGISTERED}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKLM "${REGISTERED}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKLM "${REGISTERED}" "NoModify" 1
  WriteRegDWORD HKLM "${REGISTERED}" "NoRepair" 1
SectionEnd

Section "Start menu" MENU
  CreateShortCut "$SMPROGRAMS\${NAME}.lnk" "$INSTDIR\${WINDOW}"
SectionEnd

Section /o "Open the window at every log-on" AUTOSTART
  CreateShortCut "$SMSTARTUP\${NAME}.lnk" "$INSTDIR\${WINDOW}"
SectionEnd

Section "Send what is left when the PC starts" SYNCTASK
  nsExec::Exec '"$SYSDIR\schtasks.exe" /Create /F /TN "${TASK}" /SC ONSTART /DELAY 0002:00 /RU SYSTEM /TR "\"$INSTDIR\${CONSOLE}\" -s sync"'
  Pop $0
  ${If} $0 != 0
    DetailPrint "The task '${TASK}' could not be made ($0); files that are left are sent by the next session."
  ${EndIf}
SectionEnd

LangString ABOUT_PROGRAM ${LANG_ENGLISH} "The window, the commands, and the folder of the journal for all users."
LangString ABOUT_MENU ${LANG_ENGLISH} "An entry for all users."
LangString ABOUT_AUTOSTART ${LANG_ENGLISH} "For all users. Only where everybody who logs on works at the instrument."
LangString ABOUT_SYNCTASK ${LANG_ENGLISH} "Two minutes after the start of the PC, files of earlier sessions are sent."
!insertmacro MUI_FUNCTION_DESCRIPTION_BEGIN
  !insertmacro MUI_DESCRIPTION_TEXT ${PROGRAM} $(ABOUT_PROGRAM)
  !insertmacro MUI_DESCRIPTION_TEXT ${MENU} $(ABOUT_MENU)
  !insertmacro MUI_DESCRIPTION_TEXT ${AUTOSTART} $(ABOUT_AUTOSTART)
  !insertmacro MUI_DESCRIPTION_TEXT ${SYNCTASK} $(ABOUT_SYNCTASK)
!insertmacro MUI_FUNCTION_DESCRIPTION_END

!macro Choice OPTION SECTION
  ClearErrors
  ${GetOptions} $1 "/${OPTION}=" $2
  ${IfNot} ${Errors}
    ${If} $2 == 1
      !insertmacro SelectSection ${SECTION}
    ${Else}
      !insertmacro UnselectSection ${SECTION}
    ${EndIf}
  ${EndIf}
!macroend

Function .onInit
  ${IfNot} ${RunningX64}
    MessageBox MB_OK|MB_ICONSTOP "${NAME} needs a 64-bit Windows." /SD IDOK
    SetErrorLevel 2
    Quit
  ${EndIf}
  !insertmacro Places
  ; An upgrade keeps what was chosen before.
  ${If} ${FileExists} "$SMSTARTUP\${NAME}.lnk"
    !insertmacro SelectSection ${AUTOSTART}
  ${EndIf}
  ${GetParameters} $1
  !insertmacro Choice "AUTOSTART" ${AUTOSTART}
  !insertmacro Choice "SYNCTASK" ${SYNCTASK}
  !insertmacro RefuseWhileRunning
FunctionEnd

Function un.onInit
  !insertmacro Places
  !insertmacro RefuseWhileRunning
FunctionEnd

Section "Uninstall"
  !insertmacro RefuseWhileRunning
  nsExec::Exec '"$SYSDIR\schtasks.exe" /Delete /F /TN "${TASK}"'
  Pop $0
  Delete "$SMSTARTUP\${NAME}.lnk"
  Delete "$SMPROGRAMS\${NAME}.lnk"
  RMDir /r "$INSTDIR\_internal"
  Delete "$INSTDIR\${CONSOLE}"
  Delete "$INSTDIR\${WINDOW}"
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR"
  DeleteRegKey HKLM "${REGISTERED}"
  ; The machine-wide folder stays: what the journal holds may not be in the database yet.
SectionEnd
