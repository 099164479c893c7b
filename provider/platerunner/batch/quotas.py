"""How much AWS Batch takes at once."""

MAX_ARRAY = 10_000
"""Children an array job may have (AWS Batch quota)."""
MAX_DESCRIBE = 100
"""Job ids that one DescribeJobs call takes (AWS Batch API)."""
MAX_NAME = 128
"""Letters of a job name or a job definition name (AWS Batch API)."""
MAX_PAYLOAD = 30 * 1024
"""Bytes of a SubmitJob request (AWS Batch quota)."""
SUBMIT_RATE = 50.0
"""SubmitJob calls per second and account (AWS Batch quota)."""
