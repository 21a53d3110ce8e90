"""What the notebooks raise. A raised error fails the step; the exit JSON is never used to report one."""


class BatchkeeperError(Exception):
    """Root of all errors that a step raises on purpose."""


class ParameterError(BatchkeeperError):
    """Raised when a job parameter is missing or malformed; names the parameter."""


class ManifestError(BatchkeeperError):
    """Raised when the manifest is absent, does not parse, or contradicts the job parameters."""


class RulesError(BatchkeeperError):
    """Raised when a rules file is malformed; names the file and the entry."""


class RuleFailedError(BatchkeeperError):
    """Raised when rows or files break a rule of severity `fail`; names rule, file and number of rows."""


class ResultError(BatchkeeperError):
    """Raised when a step result breaks the contract of the exit JSON: counts that do not add up, or more than 32 KB."""


class TableError(BatchkeeperError):
    """Raised when a table is absent, or its columns differ from its specification."""


class ScenarioError(BatchkeeperError):
    """Raised when a scenario has no declaration, or one with faults; lists each fault with its place."""
