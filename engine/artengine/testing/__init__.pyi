from .conformance import Result as Result, check as check, report as report
