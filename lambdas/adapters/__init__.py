"""The only code that talks to the outside: boto3, HTTP, clock, logs."""
