/** What does not fit its schema, as the reference words it: one line when there is one fault, else a list. Never leaves this folder's callers. */
export class MergeError extends Error {
  readonly faults: readonly Fault[]

  constructor(faults: readonly Fault[]) {
    const lines = faults.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
    super(lines.length === 1 ? lines[0]! : ['errors:', ...lines.map((line) => `  ${line}`)].join('\n'))
    this.faults = faults
  }
}

/** One fault at one place, such as `.spec.ports[0]`. */
export interface Fault {
  readonly path: string
  readonly message: string
}
