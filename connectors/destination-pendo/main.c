#include "interface.h"

int
main(int argc, char *argv[])
{
	return ab_destination_main(argc, argv, &pendo_destination);
}
