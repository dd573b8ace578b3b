import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRegistry } from '#lib/metrics/registry.ts'
import { type RequestObserver, requestMetrics } from './request-metrics.ts'

const request = (method: string, path: string) => ({ method, path, headers: {} })

check('an answer', (o) => o.answered(request('PATCH', '/a'), '127.0.0.1:6443', 409), [
  'rest_client_requests_total{code="409",host="127.0.0.1:6443",method="PATCH"} 1',
])
check('none', (o) => o.answered(request('GET', '/a'), 'one', undefined), [
  'rest_client_requests_total{code="<error>",host="one",method="GET"} 1',
])
check('how long it took', (o) => o.done(request('GET', '/a?limit=1'), 'one', 0.3), [
  'rest_client_request_duration_seconds_bucket{host="one",verb="GET",le="0.25"} 0',
  'rest_client_request_duration_seconds_bucket{host="one",verb="GET",le="0.5"} 1',
])
check('no watch, for that ends when it likes', (o) => o.done(request('GET', '/a?watch=true&x=1'), 'one', 300), [])

function check(title: string, tell: (observer: RequestObserver) => void, lines: readonly string[]): void {
  test(`counts ${title}`, () => {
    const registry = createRegistry()
    tell(requestMetrics(registry))
    const shown = registry
      .text()
      .split('\n')
      .filter((line) => line.startsWith('rest_client'))
    for (const line of lines) assert.ok(shown.includes(line), shown.join('\n'))
    if (lines.length === 0) assert.deepEqual(shown, [])
  })
}
