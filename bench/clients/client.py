"""Fetches a URL COUNT times, AT_ONCE at a time, each on a connection of its own: PROXY_PORT URL COUNT AT_ONCE."""

import http.client
import sys
from concurrent.futures import ThreadPoolExecutor

port, url, count, at_once = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])


def fetch(_):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", url, headers={"Connection": "close"})
    connection.getresponse().read()
    connection.close()


with ThreadPoolExecutor(at_once) as pool:
    list(pool.map(fetch, range(count)))
