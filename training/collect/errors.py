"""What can go wrong while collecting, in one tree.

CollectError
|-- UsageError                  the command line asks for something that cannot be done
|-- StoppedError                somebody stopped the run; it can be resumed
|-- MissingAnswerError          one record or picture is not there; go on with the next
`-- SourceError                 go on without this museum
    |-- ChangedAnswerError      an answer has not the documented form
    `-- NoAnswerError           every try for one thing failed
        `-- HostRefusesError    so often in a row that the host is left alone
"""


class CollectError(Exception):
    """Anything that collecting raises on purpose."""


class UsageError(CollectError):
    """The command line asks for something that cannot be done."""


class StoppedError(CollectError):
    """The run was told to stop; nothing that was fetched is lost."""


class MissingAnswerError(CollectError):
    """One record or picture is not there; the next one may be."""


class SourceError(CollectError):
    """This museum cannot be used now; the others can."""


class ChangedAnswerError(SourceError):
    """An answer does not have the form that the museum documents."""


class NoAnswerError(SourceError):
    """Every try for one thing was refused, or the host could not be reached."""


class HostRefusesError(NoAnswerError):
    """Every try for several things in a row failed: the host is left alone for this run."""
