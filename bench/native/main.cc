// Runs histogram.cc, which is a library.
int measure(int argc, char **argv);

int main(int argc, char **argv) { return measure(argc, argv); }
