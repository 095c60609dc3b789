"""Everything that a person training a model can be told.

TrainingError
|-- DataError        the pictures or their index cannot be trained on
|-- WeightsError     the published weights are missing, altered or of another network
|-- OptionError      an option has a value that cannot be used
`-- ExportError      the trained model cannot be written as a version
"""


class TrainingError(Exception):
    """Anything that training raises on purpose; its text is for the person at the keyboard."""


class DataError(TrainingError):
    """The pictures or their index cannot be trained on."""


class WeightsError(TrainingError):
    """A weights file is missing, altered, of another form, or of another network."""


class OptionError(TrainingError):
    """An option has a value that cannot be used."""


class ExportError(TrainingError):
    """The trained model cannot be written as a version."""
