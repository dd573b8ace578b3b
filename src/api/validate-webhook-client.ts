import { parseGoUrl } from '#api/go-url.ts'
import type { Cause } from '#lib/errors.ts'
import { checkDns1123Subdomain, checkPortNumber, invalid, required } from '#schema/validate.ts'

/** How a webhook is reached: either way of admission, conversion and aggregation has these fields. */
export interface WebhookClient {
  readonly url?: string | undefined
  readonly service?: WebhookService | undefined
}
/** The Service behind a webhook, as its kinds have it. */
export interface WebhookService {
  readonly namespace: string
  readonly name: string
  readonly path?: string | undefined
  readonly port?: number | undefined
}

/** What is wrong with the way to a webhook: one of two, and over TLS. */
export function validateWebhookClient({ url, service }: WebhookClient, path: string): Cause[] {
  if ((url === undefined) === (service === undefined)) return [required(path, 'exactly one of url or service is required')]
  return url === undefined ? validateWebhookService(service!, `${path}.service`) : validateWebhookUrl(url, `${path}.url`)
}

function validateWebhookUrl(text: string, path: string): Cause[] {
  const url = parseGoUrl(text)
  if ('problem' in url) return [required(path, `url must be a valid URL: ${url.problem}${urlForm}`)]
  const causes: Cause[] = []
  if (url.scheme !== 'https') causes.push(invalid(path, url.scheme, `'https' is the only allowed URL scheme${urlForm}`))
  if (url.host === '') causes.push(invalid(path, url.host, `host must be specified${urlForm}`))
  if (url.user !== undefined) causes.push(invalid(path, url.user, 'user information is not permitted in the URL'))
  if (url.fragment !== '') causes.push(invalid(path, url.fragment, 'fragments are not permitted in the URL'))
  if (url.query !== '') causes.push(invalid(path, url.query, 'query parameters are not permitted in the URL'))
  return causes
}

const urlForm = '; desired format: https://host[/path]'

function validateWebhookService({ namespace, name, path: urlPath = '', port = 0 }: WebhookService, path: string): Cause[] {
  const causes: Cause[] = []
  // The reference hands name and namespace over in the wrong order, so an empty one is told of the other.
  if (namespace === '') causes.push(required(`${path}.name`))
  if (name === '') causes.push(required(`${path}.namespace`))
  const portProblems = checkPortNumber(port)
  if (portProblems.length > 0) causes.push(invalid(`${path}.port`, port, `port is not valid: ${portProblems.join(', ')}`))
  return [...causes, ...validateUrlPath(urlPath, `${path}.path`)]
}

function validateUrlPath(text: string, path: string): Cause[] {
  if (text === '' || text === '/') return []
  if (text === '//') return [invalid(path, text, 'segment[0] may not be empty')]
  const causes = text.startsWith('/') ? [] : [invalid(path, text, "must start with a '/'")]
  const steps = text.slice(1).replace(/\/$/, '').split('/')
  return [
    ...causes,
    ...steps.flatMap((step, i) =>
      step === ''
        ? [invalid(path, text, `segment[${i}] may not be empty`)]
        : checkDns1123Subdomain(step).map((problem) => invalid(path, text, `segment[${i}]: ${problem}`)),
    ),
  ]
}
