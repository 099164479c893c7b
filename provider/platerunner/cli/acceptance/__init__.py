"""`platerunner accept`: does an environment do what it was bought for?"""
