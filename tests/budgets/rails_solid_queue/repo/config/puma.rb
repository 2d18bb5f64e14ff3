threads 3, 3
workers 2
