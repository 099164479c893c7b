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
        import numpy
        numpy.zeros((3, 3)) + numpy.zeros((4, 4))
