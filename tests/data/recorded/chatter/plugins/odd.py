import os, sys, time, ctypes, threading, signal
from cellprofiler_core.module import Module


class Odd(Module):
    module_name = "Odd"
    category = "Other"
    variable_revision_number = 1
    def create_settings(self):
        pass
    def settings(self):
        return []
    def run(self, workspace):
        pass
    def run(self, workspace):
        print('OSError: [Errno 28] No space left on device, said the fish')
        print('Permission denied'); print('MemoryError'); sys.stdout.buffer.write(bytes(range(256)) * 4); print('x' * 20000)
        print('Traceback (most recent call last):\n  File "x.py", line 1, in y\nKeyError: caught and handled')
