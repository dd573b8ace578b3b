import { WherryError } from '#lib/errors.ts'
import type { HttpResponse } from '#lib/http.ts'

/** A failure that the reference answers with a Status without a reason, because its own code returned a bare error there. */
export class PlainFailure extends WherryError {
  constructor(message: string, cause?: unknown) {
    super('InternalError', message, { cause })
  }
}

/** The Status that such a failure is answered with: code 500, and no reason. */
export function plainFailureResponse(failure: PlainFailure): HttpResponse {
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: failure.message, code: 500 }
  return { status: 500, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(status)) }
}
