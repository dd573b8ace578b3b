import type { Status } from '#api/meta/v1/types.ts'
import { type ErrorCode, statusOf, WherryError } from '#lib/errors.ts'

/** The error that a Status (or, from a proxy in between, any other body) of a failed request stands for. */
export function errorOfAnswer(httpStatus: number, body: Uint8Array, retryAfter?: string): WherryError {
  const text = new TextDecoder().decode(body)
  const retryAfterSeconds = retryAfter !== undefined && /^\d+$/.test(retryAfter) ? Number(retryAfter) : undefined
  const status = parseStatus(text)
  if (status !== undefined) return errorOfStatus(status, httpStatus, retryAfterSeconds)
  const shown = text.length > 500 ? `${text.slice(0, 500)}…` : text
  return new WherryError(codeOf(httpStatus), `the server answered ${httpStatus}: ${shown}`, {
    status: httpStatus,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  })
}

/** The error that a Status object stands for: also the content of an ERROR watch event. */
export function errorOfStatus(status: Partial<Status>, httpStatus = status.code ?? 500, retryAfterSeconds?: number): WherryError {
  const { reason, details } = status
  const code = reason !== undefined && reason in statusOf ? (reason as ErrorCode) : codeOf(httpStatus)
  const retry = details?.retryAfterSeconds ?? retryAfterSeconds
  return new WherryError(code, status.message ?? `the server answered ${httpStatus}`, {
    status: httpStatus,
    ...(details?.group && { group: details.group }),
    ...(details?.kind && { kind: details.kind }),
    ...(details?.name && { name: details.name }),
    ...(details?.uid && { uid: details.uid }),
    ...(retry !== undefined && { retryAfterSeconds: retry }),
    ...(details?.causes && {
      causes: details.causes.map(({ reason: cause = '', message = '', field }) => ({ reason: cause, message, ...(field && { field }) })),
    }),
  })
}

function parseStatus(text: string): Partial<Status> | undefined {
  if (!text.startsWith('{')) return undefined
  try {
    const value = JSON.parse(text)
    return value.kind === 'Status' ? value : undefined
  } catch {
    // No JSON: the caller shows the text as it came.
    return undefined
  }
}

/** For an answer without a reason: the first code of that HTTP status, else what its class means. */
function codeOf(httpStatus: number): ErrorCode {
  if (httpStatus === 409) return 'Conflict'
  if (httpStatus === 410) return 'Expired'
  if (httpStatus === 504) return 'Timeout'
  const exact = Object.entries(statusOf).find(([, status]) => status === httpStatus)
  if (exact !== undefined) return exact[0] as ErrorCode
  if (httpStatus >= 400 && httpStatus < 500) return 'BadRequest'
  return httpStatus === 502 ? 'ServiceUnavailable' : 'InternalError'
}
