import assert from 'node:assert/strict'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { inSpan } from '#lib/tracing/active-span.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { shownTraces, testTracer } from '../tracing/testing.ts'
import { createKubeletServer } from './kubelet-server.ts'
import { testServerOptions } from './test-server-options.ts'

/** As the runtime's calls are spans. */
const execSync = (_id: string, command: readonly string[]) =>
  inSpan('ExecSync', async () => {
    if (command[0] === 'break') throw new Error('broken')
    return { exitCode: 0, stdout: Buffer.from('out'), stderr: Buffer.from('') }
  })
const options = testServerOptions({ execSync })

const token = 'Authorization: Bearer good'
const traceparent = 'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

check('what is asked', 'GET /pods?a=b', [token, 'User-Agent: me'], ['/pods'], {
  'http.request.method': 'GET',
  'http.route': '/pods',
  'url.path': '/pods',
  'user_agent.original': 'me',
  'http.response.status_code': '200',
})
check('what that leads to', 'POST /run/ns/p/c?cmd=true', [token], ['/run', '  ExecSync'])
check('a failure', 'POST /run/ns/p/c?cmd=break', [token], ['/run: broken', '  ExecSync: broken'])
check('a wrong question, which is no failure', 'POST /run/ns/none/c?cmd=true', [token], ['/run'], { 'http.response.status_code': '404' })
check('an upgrade', 'GET /exec/ns/none/c', [token, 'Connection: Upgrade\r\nUpgrade: SPDY/3.1'], ['/exec'], {
  'http.response.status_code': '404',
})
check('the caller’s trace', 'GET /pods', [token, traceparent], ['/pods'], {}, '0af7651916cd43dd8448eb211c80319c')
check('nothing of a stranger, whatever he brings', 'GET /pods', [traceparent], [])
check('nothing where the caller wishes for nothing', 'GET /pods', [token, traceparent.replace(/01$/, '00')], [])

function check(
  title: string,
  line: string,
  headers: readonly string[],
  expected: readonly string[],
  attributes: Readonly<Record<string, string>> = {},
  traceId?: string,
): void {
  test(`traces ${title}`, async (t) => {
    const { tracer, spans } = testTracer(createVirtualClock(0))
    const server = createKubeletServer({ ...options, tracer })
    t.after(() => server.close())
    const port = await server.listen(0, '127.0.0.1')
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    const isUpgrade = headers.some((header) => header.includes('Upgrade'))
    socket.write(`${[`${line} HTTP/1.1`, 'Host: node', ...headers, ...(isUpgrade ? [] : ['Connection: close'])].join('\r\n')}\r\n\r\n`)
    await text(socket)
    await tracer.close()
    // A caller’s own span is not here: what is a part of it stands by itself.
    assert.deepEqual(shownTraces(spans.map((span) => (span.kind === 'server' ? { ...span, parentSpanId: undefined } : span))), expected)
    const root = spans.find(({ kind }) => kind === 'server')
    for (const [name, value] of Object.entries(attributes)) assert.equal(root!.attributes[name], value, name)
    if (traceId !== undefined) assert.deepEqual([root!.traceId, root!.parentSpanId], [traceId, 'b7ad6b7169203331'])
  })
}
