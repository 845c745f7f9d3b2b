/* brig: the command line. Everything is in the room cli. */
#include "cli/cli.h"

int main(int argc, char *argv[])
{
        (void)argc;
        return brig_cli_main(argv + 1);
}
