"""The command `python -m training.data_service`; its work is in `distributed.data_service_server`."""

from distributed.data_service_server import main

if __name__ == "__main__":
    main()
