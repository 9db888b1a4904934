module kvshim/tests/controlplane/kubectl

go 1.26
