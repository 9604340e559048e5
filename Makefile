# Everything is in run.py, which needs nothing but a Python 3. `make run PORT=8001 MODEL=0`, `make test ARGS="-k keys"`.
PYTHON3 := $(shell command -v python3 || command -v python)

.PHONY: run test stop clean bench screenshots faults
run test stop clean bench screenshots faults:
	@exec $(PYTHON3) run.py $@ $(ARGS)
