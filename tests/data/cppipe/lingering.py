"""A CellProfiler plugin whose thread outlives the run, as careless plugins' threads do."""

import threading
import time

from cellprofiler_core.module import Module


class Lingering(Module):
    module_name = "Lingering"
    category = "Other"
    variable_revision_number = 1

    def create_settings(self):
        pass

    def settings(self):
        return []

    def run(self, workspace):
        threading.Thread(target=time.sleep, args=(600,)).start()
