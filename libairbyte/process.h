/*
 * process.h: what a program does about itself before anything else, and how signals end it.
 *
 * SIGTERM and SIGINT end the process by the signal, so that whoever waits sees it; as PID 1, which
 * cannot die so, it exits with 128 and the signal's number. Who has something to bring to an end
 * keeps the first: then only a second one ends the process at once, or the grace that is over
 * whatever the process waits for. docker gives 10 s before it kills, Kubernetes 30.
 */
#ifndef AB_PROCESS_H
#define AB_PROCESS_H

/* What comes after the first signal may take so long, before AB_TIME_SCALE. */
#define AB_PROCESS_GRACE_MS 8000

/* A closed standard descriptor would become the first socket we open, and messages would go to the
 * service. In its place comes one that fails at the first read or write. */
void ab_process_hold_descriptors(void);

/* From now on the signals end the process; one that is ignored already stays so. */
void ab_process_handle_signals(void);

/* From now on the first is kept. Returns a descriptor that is readable when it has come, the
 * process's own; -1, and nothing is kept, if there is none to be had. */
int ab_process_keep_signal(void);

/* The signal that was kept; 0: none. */
int ab_process_signal(void);

/* Ends the process by the signal that was kept, if there is one. */
void ab_process_end(void);

/* A crash leaves no memory behind, which holds credentials and records: no core file, and none for
 * the program that takes them in place of the file, which a limit of 0 would not keep from it, but
 * one of 1 does (fs/coredump.c of Linux). */
void ab_process_forbid_core(void);

#endif
