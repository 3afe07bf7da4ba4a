"""What the system does with a campaign: functions and small classes over the ports."""
