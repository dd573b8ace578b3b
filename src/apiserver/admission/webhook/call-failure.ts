import { quote } from '#schema/go-text.ts'

/** A webhook could not be asked, or its answer is none. Whether the write fails by it is for its failure policy to say. */
export class CallFailure extends Error {
  /** HTTP status that stands for it, for metrics. */
  readonly code: number

  constructor(webhook: string, reason: string, code = 503) {
    super(`failed calling webhook ${quote(webhook)}: ${reason}`)
    this.name = 'CallFailure'
    this.code = code
  }
}
