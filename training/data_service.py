"""The command `python -m training.data_service`; `distributed.data_service_server` does its work."""

from distributed.data_service_server import main

if __name__ == "__main__":
    main()
