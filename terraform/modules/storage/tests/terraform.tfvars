name = "platerunner-t"
