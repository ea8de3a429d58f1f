/*
 * process.h: what a program does about itself before anything else.
 */
#ifndef AB_PROCESS_H
#define AB_PROCESS_H

/* A closed standard descriptor would become the first socket we open, and messages would go to the
 * service. In its place comes one that fails at the first read or write. */
void ab_process_hold_descriptors(void);

/* SIGTERM and SIGINT end the process by the signal, so that whoever waits sees it; as PID 1, which
 * cannot die so, it exits with 128 and the signal's number. */
void ab_process_handle_signals(void);

#endif
