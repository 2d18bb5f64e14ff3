import dj_database_url

DATABASES = {"default": dj_database_url.config(conn_max_age=0, disable_server_side_cursors=True)}
