"""Make the models that eegstream runs: data, training, export."""
