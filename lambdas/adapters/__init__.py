"""The only code that does I/O: boto3, HTTP, clock, logs."""
