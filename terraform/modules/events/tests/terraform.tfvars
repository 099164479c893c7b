name        = "platerunner-t"
bucket_name = "lab-data"
