import type { LogQuery } from '#kubelet/container-log/read-log.ts'
import type { Instant } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'

/** PodLogOptions out of a query (API docs, "read log of the specified Pod"). Throws `BadRequest` or `Invalid` with the reference's words. */
export function parseLogQuery(query: URLSearchParams, now: Instant): LogQuery & { readonly previous: boolean } {
  const number = (name: string): number | undefined => {
    const text = query.get(name)
    if (text === null || text === '') return undefined
    if (!/^-?\d+$/.test(text)) throw new WherryError('BadRequest', '{"message": "Unable to decode query."}')
    return Number(text)
  }
  const flag = (name: string): boolean => {
    const text = query.get(name)
    // As Go reads a bare or odd value, `?follow` among them: present means true, unless it says otherwise.
    return text !== null && !['false', '0'].includes(text.toLowerCase())
  }
  const tail = query.get('tail')
  const tailLines = tail === 'all' ? undefined : tail ? number('tail') : number('tailLines')
  const limitBytes = number('limitBytes')
  const sinceSeconds = number('sinceSeconds')
  const sinceTime = query.get('sinceTime')
  const since = sinceTime ? Date.parse(sinceTime) : sinceSeconds === undefined ? undefined : now - sinceSeconds * 1000
  const stream = query.get('stream') || 'All'
  if (Number.isNaN(since)) throw new WherryError('BadRequest', '{"message": "Unable to decode query."}')
  const invalid =
    (tailLines !== undefined && tailLines < 0) ||
    (limitBytes !== undefined && limitBytes < 1) ||
    (sinceSeconds !== undefined && sinceSeconds < 1) ||
    (sinceTime && sinceSeconds !== undefined) ||
    (stream !== 'All' && stream !== 'Stdout' && stream !== 'Stderr') ||
    (stream !== 'All' && tailLines !== undefined)
  if (invalid) throw new WherryError('Invalid', '{"message": "Invalid request."}')
  return {
    follow: flag('follow'),
    previous: flag('previous'),
    timestamps: flag('timestamps'),
    stream: stream as LogQuery['stream'],
    ...(tailLines !== undefined && { tailLines }),
    ...(since !== undefined && { since }),
    ...(limitBytes !== undefined && { limitBytes }),
  }
}
