"""The words everyone speaks: plain frozen data, importing nothing of ours."""
