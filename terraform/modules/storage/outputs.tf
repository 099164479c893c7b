output "bucket_names" {
  description = "Names of the buckets by use: data, results, airflow."
  value       = { for key, bucket in aws_s3_bucket.this : key => bucket.bucket }

  # Who uses a bucket wants it as it is to be: MWAA refuses one without versions, and an object that comes before them has none.
  depends_on = [
    aws_s3_bucket_versioning.this, aws_s3_bucket_public_access_block.this, aws_s3_bucket_ownership_controls.this,
    aws_s3_bucket_server_side_encryption_configuration.this, aws_s3_bucket_policy.this,
  ]
}

output "bucket_arns" {
  description = "ARNs of the buckets by use."
  value       = { for key, bucket in aws_s3_bucket.this : key => bucket.arn }

  # As above.
  depends_on = [
    aws_s3_bucket_versioning.this, aws_s3_bucket_public_access_block.this, aws_s3_bucket_ownership_controls.this,
    aws_s3_bucket_server_side_encryption_configuration.this, aws_s3_bucket_policy.this,
  ]
}

output "log_bucket_name" {
  description = "Name of the bucket of access logs."
  value       = one(aws_s3_bucket.logs[*].bucket)

  # A trail is refused as long as the bucket does not let it in; and as above.
  depends_on = [
    aws_s3_bucket_policy.logs, aws_s3_bucket_versioning.logs, aws_s3_bucket_public_access_block.logs, aws_s3_bucket_ownership_controls.logs,
    aws_s3_bucket_server_side_encryption_configuration.logs,
  ]
}

output "kms_key_arn" {
  description = "ARN of the key."
  value       = one(aws_kms_key.this[*].arn)
}

output "copies" {
  description = "Bucket (data, results) to the names of itself and of its copy in another region."
  value       = { for key, bucket in aws_s3_bucket.copy : key => { from = aws_s3_bucket.this[key].bucket, to = bucket.bucket } }
}

output "efs_id" {
  description = "Id of the file system, if there is one."
  value       = one(aws_efs_file_system.this[*].id)
}
