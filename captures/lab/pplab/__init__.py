"""The fault lab: real clients, middleboxes and servers in network namespaces, captured on the client's interface."""
