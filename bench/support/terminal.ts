/** What is said while a measurement runs: on standard error, so that the table alone is standard output. */
export type Terminal = (text: string) => void

/** That of this process. */
export const terminal: Terminal = (text) => void process.stderr.write(`${text}\n`)
