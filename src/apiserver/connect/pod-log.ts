import type { IncomingMessage } from 'node:http'
import { type Cause, WherryError } from '#lib/errors.ts'
import type { HttpResponse } from '#lib/http.ts'
import { quote } from '#schema/go-text.ts'
import { forbidden, invalid } from '#schema/validate.ts'
import { badRequest, invalidError } from '../http/status.ts'

/** A log request's options as the kubelet wants them. Errors: `BadRequest` for what is no number, `Invalid` for what makes no sense. */
export function logQuery(query: URLSearchParams, pod: string): URLSearchParams {
  const numbers = Object.fromEntries(['sinceSeconds', 'tailLines', 'limitBytes'].map((name) => [name, numberOf(query, name)]))
  const causes: Cause[] = []
  if ((numbers['tailLines'] ?? 0) < 0) causes.push(invalid('tailLines', numbers['tailLines'], 'must be greater than or equal to 0'))
  if ((numbers['limitBytes'] ?? 1) < 1) causes.push(invalid('limitBytes', numbers['limitBytes'], 'must be greater than 0'))
  if (numbers['sinceSeconds'] !== undefined && query.has('sinceTime'))
    causes.push(forbidden('', 'at most one of `sinceTime` or `sinceSeconds` may be specified'))
  else if ((numbers['sinceSeconds'] ?? 1) < 1) causes.push(invalid('sinceSeconds', numbers['sinceSeconds'], 'must be greater than 0'))
  if (causes.length > 0) throw invalidError({ group: '', kind: 'PodLogOptions' }, pod, causes)
  const asked = new URLSearchParams()
  for (const name of ['follow', 'previous', 'timestamps']) if (isSet(query, name)) asked.set(name, 'true')
  for (const [name, value] of Object.entries(numbers)) if (value !== undefined) asked.set(name, String(value))
  const since = query.get('sinceTime')
  if (since !== null && since !== '') asked.set('sinceTime', timeOf(since))
  return asked
}

/** The kubelet's answer as ours: its text as it comes, or its refusal as an error. */
export async function logResponse(response: IncomingMessage, pod: string): Promise<HttpResponse> {
  const status = response.statusCode ?? 500
  if (status >= 200 && status <= 206)
    return {
      status: 200,
      headers: { 'content-type': response.headers['content-type'] ?? 'text/plain' },
      body: response as AsyncIterable<Buffer>,
    }
  const text = await textOf(response)
  if (status === 400) throw badRequest(text)
  if (status === 500) throw new WherryError('InternalError', `Internal error occurred: ${text}`)
  if (status === 404)
    throw new WherryError('NotFound', `the server could not find the requested resource ( pods ${pod})`, { kind: 'pods', name: pod })
  if (status > 500)
    throw new WherryError(
      'InternalError',
      `an error on the server (${quote(text)}) has prevented the request from succeeding ( pods ${pod})`,
      {
        kind: 'pods',
        name: pod,
        status,
      },
    )
  // What is left is a refusal of us, not of the caller: the kubelet does not know or trust our certificate.
  throw new WherryError(
    'InternalError',
    `the server responded with the status code ${status} but did not return more information ( pods ${pod})`,
    {
      kind: 'pods',
      name: pod,
    },
  )
}

const refusalSizeMaxBytes = 10 * 1024

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    sizeBytes += chunk.length
    if (sizeBytes >= refusalSizeMaxBytes) break
  }
  return Buffer.concat(chunks).subarray(0, refusalSizeMaxBytes).toString()
}

/** As the reference converts a query's booleans: present, and neither `false` nor `0`. */
export function isSet(query: URLSearchParams, name: string): boolean {
  const value = query.get(name)
  return value !== null && value.toLowerCase() !== 'false' && value !== '0'
}

function numberOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (text === null || text === '') return undefined
  if (!/^[+-]?\d{1,16}$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${quote(text)}: invalid syntax`)
  return Number(text)
}

function timeOf(text: string): string {
  const at = Date.parse(text)
  if (Number.isNaN(at))
    throw badRequest(`parsing time ${quote(text)} as "2006-01-02T15:04:05Z07:00": cannot parse ${quote(text)} as "2006"`)
  return new Date(at).toISOString().replace(/\.\d+/, '')
}
