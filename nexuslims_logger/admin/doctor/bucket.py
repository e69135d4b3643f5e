"""The bucket: what it does with objects by itself, and what this account may do there, by permission."""

from __future__ import annotations

from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from nexuslims_logger.admin.doctor.findings import Check, Finding, Group, Outcome, fail, good, warn
from nexuslims_logger.admin.doctor.network import firewall
from nexuslims_logger.admin.doctor.store import StoreSteps
from nexuslims_logger.errors import AccessDenied, FileProblem
from nexuslims_logger.storage.gcs import GcsStore
from nexuslims_logger.storage.gcs_errors import CALLING_ERRORS, translate
from nexuslims_logger.storage.gcs_line import Limits, Line

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from requests import Response

    from nexuslims_logger.config import Settings
    from nexuslims_logger.ports import Clock

#: Nobody waits for doctor as patiently as the transfer does.
_LIMITS = Limits(connect_s=5.0, answer_s=8.0, retry_s=3.0)
_FIELDS = "versioning,softDeletePolicy,retentionPolicy,defaultEventBasedHold,lifecycle,location,storageClass"
_DAY_S = 86_400
_SOFT_DELETE_DAYS = 7
_ROLE = 'The page "Rights" has the role to give.'

#: Without these no file arrives.
NEEDED = ("storage.objects.create", "storage.objects.get")
#: Without these the logger does something else.
HELPFUL = {
    "storage.objects.delete": "content that changes goes to a second name, and both stay",
    "storage.objects.update": "a modification time that changes later does not follow",
    "storage.objects.list": "'verify --all' and a session without files in the journal cannot look around",
}
#: With one of these a stolen PC endangers what the others have stored.
TOO_MUCH = (
    "storage.buckets.delete",
    "storage.buckets.update",
    "storage.buckets.setIamPolicy",
    "storage.objects.setIamPolicy",
    "storage.objects.overrideUnlockedRetention",
)


def bucket_groups(settings: Settings, clock: Clock, filestore_path: Callable[[], str]) -> tuple[Group, ...]:
    """Return the checks of the bucket that the settings name; asking begins with the first of them."""
    steps = BucketSteps(settings)
    objects = StoreSteps(
        store=GcsStore(settings, _LIMITS),
        clock=clock,
        filestore_path=filestore_path,
        read=steps.read,
        server_time=lambda: steps.server_time,
    )
    host, _, port = steps.line.place.host.partition(" port ")
    slow = firewall(host, int(port))
    permissions = Check("permissions", lambda: steps.permissions(objects.proven), slow, limit_s=20.0, needed=False)
    return (
        Group("store", objects.checks()),
        Group(
            "store",
            (
                permissions,
                Check("bucket", steps.settings, slow, limit_s=20.0),
                Check("soft delete", steps.soft_delete, slow, needed=False),
                Check("versioning", steps.versioning, slow, needed=False),
                Check("retention", steps.retention, slow, needed=False),
                Check("lifecycle", steps.lifecycle, slow, needed=False),
            ),
        ),
    )


class BucketSteps:
    """The looks at one bucket.

    Attributes
    ----------
    server_time
        When the last answer was made, by Google's clock, to half a second; None before the first.
    """

    def __init__(self, settings: Settings) -> None:
        self.line = Line(settings, _LIMITS)
        self._emulated = settings.storage_emulator_host is not None
        self._bucket = f"{self.line.place.endpoint}/storage/v1/b/{quote(self.line.place.bucket, safe='')}"
        self._settings: dict[str, Any] | None = None
        self.server_time: datetime | None = None

    def read(self, name: str) -> bytes:
        """Return an object's bytes."""
        return bytes(self._get(f"{self._bucket}/o/{quote(name, safe='')}?alt=media").content)

    def permissions(self, proven: set[str]) -> Finding:
        """Ask which of the permissions this account has; those that have just served count, too.

        A role with a condition on the prefix does not show here, because the question is about the whole bucket.
        """
        asked = [*NEEDED, *HELPFUL, *TOO_MUCH]
        try:
            answer = self._get(f"{self._bucket}/iam/testPermissions?{urlencode({'permissions': asked}, doseq=True)}")
            granted = set(answer.json().get("permissions", ()))
        except (FileProblem, AttributeError, ValueError):
            if not self._emulated:
                raise
            return Finding(Outcome.NOT_CHECKED, "this emulator knows no permissions")
        held = granted | proven
        beyond = [one for one in TOO_MUCH if one in granted]
        if beyond:
            return fail(
                f"too many: {', '.join(beyond)}", f"With these a stolen PC endangers what others store. {_ROLE}"
            )
        lacking = [one for one in NEEDED if one not in held]
        if lacking:
            return fail(f"too few: {', '.join(lacking)}", f"No file arrives without them. {_ROLE}")
        without = [one for one in HELPFUL if one not in held]
        if without:
            instead = "; ".join(HELPFUL[one] for one in without)
            return warn(f"without {', '.join(without)}", f"The logger works, but {instead}. {_ROLE}")
        conditional = sorted(proven - granted)
        seen = f" ({', '.join(conditional)} under a condition)" if conditional else ""
        return good(f"exactly what a logger needs{seen}")

    def settings(self) -> Finding:
        """Read the bucket's own settings; the logger does not need to."""
        try:
            found = self._get(f"{self._bucket}?{urlencode({'fields': _FIELDS})}").json()
        except AccessDenied:
            return good("its settings may not be read (storage.buckets.get), and need not be")
        self._settings = found if isinstance(found, dict) else {}
        place = [str(found[name]) for name in ("location", "storageClass") if found.get(name)]
        return good(f"gs://{self.line.place.bucket}{', ' if place else ''}{', '.join(place)}")

    def soft_delete(self) -> Finding:
        """Look whether what is deleted or replaced can be brought back for a while."""
        if self._settings is None:
            return _UNSEEN
        days = int(self._settings.get("softDeletePolicy", {}).get("retentionDurationSeconds", 0)) / _DAY_S
        remedy = f"gcloud storage buckets update gs://{self.line.place.bucket} --soft-delete-duration=30d"
        if days < _SOFT_DELETE_DAYS:
            said = f"only for {days:.0f} days" if days else "off: what somebody deletes there is gone at once"
            return warn(said, f"Recommended are 30 days: {remedy}")
        return good(f"for {days:.0f} days" + (" (30 are recommended)" if days < 30 else ""))  # noqa: PLR2004 - as said

    def versioning(self) -> Finding:
        """Look whether the bucket keeps old versions."""
        if self._settings is None:
            return _UNSEEN
        if self._settings.get("versioning", {}).get("enabled"):
            return good("on: replaced objects stay, and are paid for, until a lifecycle rule ends it")
        return good("off, and not needed: the logger keeps other sessions' content under .versions/")

    def retention(self) -> Finding:
        """Look whether the bucket forbids replacing."""
        if self._settings is None:
            return _UNSEEN
        period_s = int(self._settings.get("retentionPolicy", {}).get("retentionPeriod", 0))
        held = bool(self._settings.get("defaultEventBasedHold"))
        if not period_s and not held:
            return good("none: what a session writes again can be replaced")
        said = f"{period_s / _DAY_S:.1f} days" if period_s else "every object is put on hold"
        return warn(
            f"{said}: nothing can be replaced meanwhile",
            "Files that change after they were sent go to a second name, and both stay. Take the policy away if that"
            " is not wanted; soft delete protects, too.",
        )

    def lifecycle(self) -> Finding:
        """Look for rules that delete what was stored."""
        if self._settings is None:
            return _UNSEEN
        rules = self._settings.get("lifecycle", {}).get("rule", [])
        deleting = [rule.get("condition", {}) for rule in rules if rule.get("action", {}).get("type") == "Delete"]
        live = [one for one in deleting if not one.keys() & _OLD_VERSIONS_ALONE and one.get("isLive") is not False]
        if live:
            return warn(
                f"a rule deletes objects: {live[0]}",
                "Is it meant for the instruments' files? What it deletes is gone, and 'verify' will miss it.",
            )
        return good(f"{len(rules)} rule(s), none deletes what was stored")

    def _get(self, url: str) -> Response:
        """Ask once, and take Google's time from the answer."""
        try:
            answer = self.line.request("GET", url, headers={})
        except CALLING_ERRORS as error:
            raise translate(error, self.line.place, "doctor's object") from error
        if said := answer.headers.get("Date"):
            # The seconds are cut off.
            self.server_time = parsedate_to_datetime(said).astimezone(UTC) + timedelta(seconds=0.5)
        return answer


#: Conditions that fit old versions alone.
_OLD_VERSIONS_ALONE = frozenset({"numNewerVersions", "daysSinceNoncurrentTime", "noncurrentTimeBefore"})
_UNSEEN = Finding(Outcome.NOT_CHECKED, "storage.buckets.get would be needed to see it")
