"""Logic that several entry points share: functions and small classes that use the ports."""
