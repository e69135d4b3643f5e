; The installer for Windows, made on Linux: packaging/installer.sh
;
;   NexusLIMS-Logger-Setup.exe /S [/CONFIG=FILE] [/AUTOSTART=0|1] [/SYNCTASK=0|1] [/D=C:\Folder]
;
; docs/windows.md says what the options do, and what the exit codes mean.

Unicode true
Target amd64-unicode
SetCompressor /SOLID ${COMPRESSION}
RequestExecutionLevel admin
ManifestDPIAware true

!include FileFunc.nsh
!include LogicLib.nsh
!include MUI2.nsh
!include WordFunc.nsh
!include x64.nsh

!define NAME "NexusLIMS-Logger"
!define CONSOLE "nexuslims-logger.exe"
!define WINDOW "NexusLIMS-Logger-Window.exe"
!define TASK "NexusLIMS-Logger sync"
!define REGISTERED "Software\Microsoft\Windows\CurrentVersion\Uninstall\${NAME}"

; Exit codes beside NSIS' own (0 done, 1 cancelled, 2 failed).
!define RUNNING 3
!define OLDER 4
!define WITHOUT_TASK 5

Name "${NAME} ${VERSION}"
OutFile "${OUT}"
InstallDir "$PROGRAMFILES64\${NAME}"
VIProductVersion "${VERSION}.0"
VIAddVersionKey "ProductName" "${NAME}"
VIAddVersionKey "ProductVersion" "${VERSION}"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "FileDescription" "Installs ${NAME}"
VIAddVersionKey "LegalCopyright" "MIT License"

!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define MUI_ABORTWARNING
!define MUI_COMPONENTSPAGE_SMALLDESC ; or the names are cut
!insertmacro MUI_PAGE_LICENSE "${LICENSE}"
!define MUI_PAGE_CUSTOMFUNCTION_PRE NotWhenInstalled
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_COMPONENTS
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"

Var Machine ; the machine-wide folder: the facility's settings, and below it the journal
Var Installed ; the version that is there already, or nothing
Var Config ; the facility's settings to copy, or nothing
Var Menu
Var Startup

!macro Places
  SetShellVarContext all
  SetRegView 64
  StrCpy $Machine "$APPDATA\${NAME}"
  StrCpy $Menu "$SMPROGRAMS\${NAME}.lnk"
  StrCpy $Startup "$SMSTARTUP\${NAME}.lnk"
!macroend

!macro Refuse CODE WHY
  MessageBox MB_OK|MB_ICONEXCLAMATION "${WHY} Nothing has been changed." /SD IDOK
  SetErrorLevel ${CODE}
  Quit
!macroend

; --- a program that runs ----------------------------------------------------------------------------------------

; Windows lets nobody write into a program that runs. $0 becomes 1 then.
!macro LookAt PROGRAM
  ${If} ${FileExists} "$INSTDIR\${PROGRAM}"
    ClearErrors
    FileOpen $1 "$INSTDIR\${PROGRAM}" a
    ${If} ${Errors}
      StrCpy $0 1
    ${Else}
      FileClose $1
    ${EndIf}
  ${EndIf}
!macroend

!macro LookForProgram
  StrCpy $0 0
  !insertmacro LookAt "${CONSOLE}"
  !insertmacro LookAt "${WINDOW}"
!macroend

!macro RefuseRunning
  !insertmacro Refuse ${RUNNING} "${NAME} is running on this PC. End its session (or close its window: that pauses the \
    session), then try again."
!macroend

!macro RefuseWhileRunning
  !insertmacro LookForProgram
  ${If} $0 = 1
    ; The task at the start of the PC may be cut off at any time; a session may not.
    nsExec::Exec '"$SYSDIR\schtasks.exe" /End /TN "${TASK}"'
    Pop $0
    Sleep 2000
    !insertmacro LookForProgram
  ${EndIf}
  ${If} $0 = 1
    !insertmacro RefuseRunning
  ${EndIf}
!macroend

; The programs first: one that is half removed, or half replaced, cannot be started.
!macro RemoveProgram
  ClearErrors
  Delete "$INSTDIR\${WINDOW}"
  ${If} ${Errors}
    !insertmacro RefuseRunning
  ${EndIf}
  Delete "$INSTDIR\${CONSOLE}"
  RMDir /r "$INSTDIR\_internal"
!macroend

!macro RemoveEntries
  Delete "$Startup"
  Delete "$Menu"
  nsExec::Exec '"$SYSDIR\schtasks.exe" /Delete /F /TN "${TASK}"'
  Pop $0
  Delete "$INSTDIR\sync-task.xml"
!macroend

; --- what is installed ------------------------------------------------------------------------------------------

!macro SetRights RIGHTS
  nsExec::Exec '"$SYSDIR\icacls.exe" ${RIGHTS}'
  Pop $0
  ${If} $0 != 0
    SetErrorLevel 2
    Abort "The rights of $Machine could not be set (icacls: $0)."
  ${EndIf}
!macroend

Section "The program" PROGRAM
  SectionIn RO
  !insertmacro RefuseWhileRunning
  !insertmacro RemoveProgram
  ClearErrors
  SetOutPath "$INSTDIR"
  File /r "${SOURCE}\_internal"
  File "${SOURCE}\${CONSOLE}"
  File "${SOURCE}\${WINDOW}"
  ${If} ${Errors}
    SetErrorLevel 2
    Abort "The files could not be written. Close ${NAME}, and run this again."
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
  SectionGetSize ${PROGRAM} $0
  WriteRegDWORD HKLM "${REGISTERED}" "EstimatedSize" $0

  ; Everybody who works on this PC writes the one journal; only an administrator changes the settings, also where
  ; somebody else had made the folder before. By number: SYSTEM, Administrators, Users.
  CreateDirectory "$Machine\home"
  !insertmacro SetRights '"$Machine" /setowner *S-1-5-32-544'
  !insertmacro SetRights '"$Machine" /inheritance:r /grant:r *S-1-5-18:(OI)(CI)F *S-1-5-32-544:(OI)(CI)F *S-1-5-32-545:(OI)(CI)RX'
  !insertmacro SetRights '"$Machine\home" /grant:r *S-1-5-32-545:(OI)(CI)M'
  ${If} $Config != ""
    ClearErrors
    CopyFiles /SILENT "$Config" "$Machine\config.json"
    ${If} ${Errors}
      SetErrorLevel 2
      Abort "$Config could not be copied to $Machine\config.json."
    ${EndIf}
  ${EndIf}

  ; The sections below make anew what is wanted.
  !insertmacro RemoveEntries
SectionEnd

Section "Start menu" MENU
  CreateShortCut "$Menu" "$INSTDIR\${WINDOW}"
SectionEnd

Section /o "Open the window at every log-on" AUTOSTART
  CreateShortCut "$Startup" "$INSTDIR\${WINDOW}"
SectionEnd

Section "Send what is left when the PC starts" SYNCTASK
  ; A description, and not options: these know no limit of time and no battery. It stays beside the program, for who
  ; wants to make the task another way.
  ${WordReplace} "$INSTDIR\${CONSOLE}" "&" "&amp;" "+" $1
  FileOpen $0 "$INSTDIR\sync-task.xml" w
  FileWriteUTF16LE /BOM $0 `<?xml version="1.0" encoding="UTF-16"?>$\r$\n`
  FileWriteUTF16LE $0 `<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">$\r$\n`
  FileWriteUTF16LE $0 `<RegistrationInfo><Description>Sends what earlier sessions have left.</Description></RegistrationInfo>$\r$\n`
  FileWriteUTF16LE $0 `<Triggers><BootTrigger><Enabled>true</Enabled><Delay>PT2M</Delay></BootTrigger></Triggers>$\r$\n`
  FileWriteUTF16LE $0 `<Principals><Principal id="System"><UserId>S-1-5-18</UserId></Principal></Principals>$\r$\n`
  FileWriteUTF16LE $0 `<Settings><MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy><DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>`
  FileWriteUTF16LE $0 `<StopIfGoingOnBatteries>false</StopIfGoingOnBatteries><ExecutionTimeLimit>PT0S</ExecutionTimeLimit><Priority>7</Priority></Settings>$\r$\n`
  FileWriteUTF16LE $0 `<Actions Context="System"><Exec><Command>$1</Command><Arguments>-s sync</Arguments></Exec></Actions>$\r$\n`
  FileWriteUTF16LE $0 `</Task>$\r$\n`
  FileClose $0
  ; Run by a script at the start of the PC, this may come before the task scheduler.
  ${ForEach} $1 1 10 + 1
    nsExec::Exec '"$SYSDIR\schtasks.exe" /Create /F /TN "${TASK}" /XML "$INSTDIR\sync-task.xml"'
    Pop $0
    ${If} $0 = 0
      ${ExitFor}
    ${EndIf}
    Sleep 2000
  ${Next}
  ${If} $0 != 0
    DetailPrint "The task '${TASK}' could not be made ($0); files that are left are sent by the next session."
    SetErrorLevel ${WITHOUT_TASK}
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

; --- what is asked for ------------------------------------------------------------------------------------------

!macro AsBefore FILE SECTION
  ${If} ${FileExists} "${FILE}"
    !insertmacro SelectSection ${SECTION}
  ${Else}
    !insertmacro UnselectSection ${SECTION}
  ${EndIf}
!macroend

; One word of the command line, in $1.
!macro TakeOption
  StrCpy $3 $1 8
  ${If} $3 == "/CONFIG="
    StrCpy $Config $1 "" 8
    ; The sections change the folder that a relative one is counted from.
    GetFullPathName $Config $Config
    ${IfNot} ${FileExists} "$Config"
      !insertmacro Refuse 2 "$1: there is no such file."
    ${EndIf}
  ${ElseIf} $1 == "/AUTOSTART=1"
    !insertmacro SelectSection ${AUTOSTART}
  ${ElseIf} $1 == "/AUTOSTART=0"
    !insertmacro UnselectSection ${AUTOSTART}
  ${ElseIf} $1 == "/SYNCTASK=1"
    !insertmacro SelectSection ${SYNCTASK}
  ${ElseIf} $1 == "/SYNCTASK=0"
    !insertmacro UnselectSection ${SYNCTASK}
  ${ElseIf} $1 != "/S"
  ${AndIf} $1 != "/NCRC"
    !insertmacro Refuse 2 "$1 is no option of this installer."
  ${EndIf}
!macroend

; Not by NSIS' GetOptions, which misses a word in quotation marks, as PowerShell writes one with a space. NSIS itself
; takes /D= away.
Function ReadOptions
  ${GetParameters} $0
  StrCpy $0 "$0 " ; so that the last word has an end
  StrCpy $1 ""
  StrCpy $2 0 ; 1 between quotation marks
  ${DoWhile} $0 != ""
    StrCpy $3 $0 1
    StrCpy $0 $0 "" 1
    ${If} $3 == '"'
      IntOp $2 $2 ^ 1
    ${ElseIf} "$2$3" != "0 "
      StrCpy $1 "$1$3"
    ${ElseIf} $1 != ""
      !insertmacro TakeOption
      StrCpy $1 ""
    ${EndIf}
  ${Loop}
FunctionEnd

Function NotWhenInstalled
  ${If} $Installed != ""
    Abort ; skips the page
  ${EndIf}
FunctionEnd

Function .onInit
  ${IfNot} ${RunningX64}
    !insertmacro Refuse 2 "${NAME} needs a 64-bit Windows."
  ${EndIf}
  !insertmacro Places
  ReadRegStr $Installed HKLM "${REGISTERED}" "DisplayVersion"
  ${If} $Installed != ""
    ${VersionCompare} "${VERSION}" "$Installed" $0
    ${If} $0 = 2
      !insertmacro Refuse ${OLDER} "${NAME} $Installed is installed, and this is ${VERSION}. To go back, remove it first; \
        the journal stays."
    ${EndIf}
    ; Two of them on one PC would both be started: an upgrade stays where the program is, and keeps what was chosen.
    ReadRegStr $INSTDIR HKLM "${REGISTERED}" "InstallLocation"
    !insertmacro AsBefore "$Menu" ${MENU}
    !insertmacro AsBefore "$Startup" ${AUTOSTART}
    !insertmacro AsBefore "$SYSDIR\Tasks\${TASK}" ${SYNCTASK}
  ${EndIf}
  Call ReadOptions
  !insertmacro RefuseWhileRunning
FunctionEnd

; --- removal ----------------------------------------------------------------------------------------------------

Function un.onInit
  !insertmacro Places
  !insertmacro RefuseWhileRunning
FunctionEnd

Section "Uninstall"
  !insertmacro RefuseWhileRunning
  !insertmacro RemoveProgram
  !insertmacro RemoveEntries
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR"
  DeleteRegKey HKLM "${REGISTERED}"
  ; The machine-wide folder stays: what the journal holds may not be in the database yet.
SectionEnd
