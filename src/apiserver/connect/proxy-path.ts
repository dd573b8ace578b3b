import type { Attributes } from '../contract.ts'
import { badRequest } from '../http/status.ts'

/**
 * The part of a request's path behind `/proxy`, still encoded: decoding and encoding it again would turn one path into another. `base` is the
 * path up to and with `/proxy`, `query` has its question mark. Errors: `BadRequest` for bytes that may not stand in a request line, and for an
 * encoded slash before `/proxy`, where names could be told from the rest in two ways.
 */
export function rawProxyPath(
  target: string,
  attributes: Pick<Attributes, 'group' | 'namespace'>,
): { readonly base: string; readonly rest: string; readonly query: string } {
  if (/[^\x21-\x7e]/.test(target)) throw badRequest('the path holds characters that have to be percent-encoded')
  const mark = target.indexOf('?')
  const path = mark < 0 ? target : target.slice(0, mark)
  // '', api, v1, [namespaces, name,] resource, name, proxy
  const count = (attributes.group === '' ? 3 : 4) + (attributes.namespace === '' ? 0 : 2) + 3
  const segments = path.split('/')
  const rest = segments.slice(count)
  if (segments.slice(0, count).some((segment) => /%2f/i.test(segment)))
    throw badRequest('the path up to /proxy must not hold an encoded slash')
  return {
    base: segments.slice(0, count).join('/'),
    rest: rest.length === 0 ? '' : `/${rest.join('/')}`,
    query: mark < 0 ? '' : target.slice(mark),
  }
}

/** A backend's redirect to itself, as a path behind the proxy; one to elsewhere stays. Nobody here follows it. */
export function rewriteLocation(location: string, host: string, base: string): string {
  let url: URL
  try {
    url = new URL(location, `http://${host}/`)
  } catch {
    // Not a URL: the client may make of it what it can.
    return location
  }
  const isOwn = url.host === new URL(`${url.protocol}//${host}`).host
  return isOwn ? `${base}${url.pathname}${url.search}${url.hash}` : location
}
