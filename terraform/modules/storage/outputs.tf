output "bucket_names" {
  description = "Names of the buckets by use: data, results, airflow."
  value       = { for key, bucket in aws_s3_bucket.this : key => bucket.bucket }
}

output "bucket_arns" {
  description = "ARNs of the buckets by use."
  value       = { for key, bucket in aws_s3_bucket.this : key => bucket.arn }
}

output "log_bucket_name" {
  description = "Name of the bucket of access logs."
  value       = one(aws_s3_bucket.logs[*].bucket)
}

output "kms_key_arn" {
  description = "ARN of the key."
  value       = one(aws_kms_key.this[*].arn)
}

output "efs_id" {
  description = "Id of the file system, if there is one."
  value       = one(aws_efs_file_system.this[*].id)
}
