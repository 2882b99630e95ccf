// Ends a program that a check has started, and waits until it is gone: what it writes as it ends would come back into
// a folder that is being removed.
export async function ended(program) {
  if (program.exitCode !== null || program.signalCode !== null) return;
  const gone = new Promise((done) => program.once("exit", done));
  program.kill();
  await gone;
}
