import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type HttpRequest, type HttpResponse, readBody, type Transport } from '#lib/http.ts'

/** What every transport has to do, as tests. `open` gives a transport to a server that answers with `handler`. */
export function checkTransport(
  name: string,
  open: (handler: Transport) => Promise<{ transport: Transport; close(): Promise<void> }>,
): void {
  for (const [title, { handler, run }] of Object.entries(cases())) {
    test(`${name}: ${title}`, async () => {
      const { transport, close } = await open(handler)
      try {
        await run(transport)
      } finally {
        await close()
      }
    })
  }
}

interface Case {
  readonly handler: Transport
  readonly run: (transport: Transport) => Promise<void>
}

function cases(): Record<string, Case> {
  const get = (path: string, rest: Partial<HttpRequest> = {}): HttpRequest => ({ method: 'GET', path, headers: {}, ...rest })
  return {
    'carries method, path, headers and body there, status, headers and body back': {
      handler: async ({ method, path, headers, body }) => ({
        status: 201,
        headers: { 'x-answer': 'yes', 'content-type': 'application/json' },
        body: encode(JSON.stringify({ method, path, header: headers['x-question'], body: body && decode(body) })),
      }),
      run: async (transport) => {
        const response = await transport({
          method: 'POST',
          path: '/api/v1/pods?limit=5&labelSelector=a%3Db',
          headers: { 'x-question': 'why', 'content-type': 'text/plain' },
          body: encode('ground'),
        })
        assert.equal(response.status, 201)
        assert.equal(response.headers['x-answer'], 'yes')
        assert.deepEqual(JSON.parse(decode(await readBody(response.body))), {
          method: 'POST',
          path: '/api/v1/pods?limit=5&labelSelector=a%3Db',
          header: 'why',
          body: 'ground',
        })
      },
    },
    'carries large bodies whole, both ways': {
      handler: async ({ body }) => ({ status: 200, headers: {}, body: body! }),
      run: async (transport) => {
        const body = Uint8Array.from({ length: 5_000_000 }, (_, i) => (i * 31) & 0xff)
        const response = await transport({ method: 'PUT', path: '/', headers: {}, body })
        assert.ok(Buffer.from(await readBody(response.body)).equals(body))
      },
    },
    'hands a failing status back as an answer': {
      handler: async () => ({ status: 409, headers: {}, body: encode('no') }),
      run: async (transport) => {
        const response = await transport(get('/'))
        assert.deepEqual([response.status, decode(await readBody(response.body))], [409, 'no'])
      },
    },
    ...streaming(get),
    'keeps many exchanges apart': {
      handler: async ({ path }) => ({ status: 200, headers: {}, body: encode(path) }),
      run: async (transport) => {
        const paths = Array.from({ length: 60 }, (_, i) => `/${i}`)
        const answers = await Promise.all(paths.map(async (path) => decode(await readBody((await transport(get(path))).body))))
        assert.deepEqual(answers, paths)
      },
    },
    'refuses what is aborted already': {
      handler: async () => ({ status: 200, headers: {}, body: encode('') }),
      run: (transport) => assert.rejects(transport(get('/', { signal: AbortSignal.abort(new Error('enough')) })), /enough/),
    },
  }
}

function streaming(get: (path: string, rest?: Partial<HttpRequest>) => HttpRequest): Record<string, Case> {
  /** Lines that may be sent. */
  let permits = 0
  let wake: () => void = () => {}
  const next = () => {
    permits += 1
    wake()
  }
  const ended = () => Promise.withResolvers<void>()
  let left = ended()
  const endless = async function* (): AsyncGenerator<Uint8Array> {
    try {
      for (let i = 0; ; i += 1) {
        yield encode(`line ${i}\n`)
        while (permits === 0) await new Promise<void>((resolve) => (wake = resolve))
        permits -= 1
      }
    } finally {
      left.resolve()
    }
  }
  const handler: Transport = async ({ signal }): Promise<HttpResponse> => {
    left = ended()
    permits = 0
    // The server learns of the other's leaving by the signal, too, when it has nothing to send.
    signal?.addEventListener('abort', () => next(), { once: true })
    return { status: 200, headers: {}, body: endless() }
  }
  return {
    'hands a body on as it comes': {
      handler,
      run: async (transport) => {
        const response = await transport(get('/'))
        const seen: string[] = []
        for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
          seen.push(decode(chunk))
          // Only after the first line was read is the second sent.
          if (seen.length === 3) break
          next()
        }
        assert.deepEqual(seen, ['line 0\n', 'line 1\n', 'line 2\n'])
        next()
        await left.promise
      },
    },
    'ends a body with its signal': {
      handler,
      run: async (transport) => {
        const stop = new AbortController()
        const response = await transport(get('/', { signal: stop.signal }))
        let chunks = 0
        try {
          for await (const _ of response.body as AsyncIterable<Uint8Array>) {
            chunks += 1
            stop.abort(new Error('enough'))
            next()
            if (chunks > 3) break
          }
        } catch (error) {
          assert.match(String(error), /enough/)
        }
        // One more may have been under way.
        assert.ok(chunks <= 3)
        next()
        await left.promise
      },
    },
  }
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
