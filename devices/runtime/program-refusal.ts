import { handOver } from './program-failures.js';

/** What a program is told that wants something of this computer which its emulated host cannot give it. */
export function refusal(syscall: string, advice: string): Error {
  const message = `${syscall} EACCES: a program of an emulated host opens nothing on this computer: ${advice}`;
  return handOver(Object.assign(new Error(message), { code: 'EACCES', syscall }));
}
