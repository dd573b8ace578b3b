import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TraceEndpoint } from '#lib/tracing/trace-export.ts'
import { containerdConfig } from './containerd.ts'
import { traceEnvironment } from './containerd-traces.ts'
import { containerdOptions } from './node-containerd.ts'

check({ grpc: 'localhost:4317' }, 'grpc http://localhost:4317')
check({ grpc: 'dns:///collector.example:4317' }, 'grpc http://collector.example:4317')
check({ grpc: 'unix:///run/collector.sock' }, undefined)
check({ url: 'https://collector.example/v1/traces' }, 'http/protobuf https://collector.example/v1/traces')

function check(endpoint: TraceEndpoint, expected: string | undefined): void {
  test(`containerd sends to ${JSON.stringify(endpoint)}`, () => {
    const made = traceEnvironment(endpoint)
    assert.equal(made && `${made['OTEL_EXPORTER_OTLP_PROTOCOL']} ${made['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']}`, expected)
    // Or it would trace everything that it is asked.
    if (made !== undefined) assert.equal(made['OTEL_TRACES_SAMPLER'], 'parentbased_always_off')
  })
}

test('containerd traces only where the node does', () => {
  const layout = { dataDirectory: '/d', runDirectory: '/r' }
  const disabled = (kubelet: Readonly<Record<string, unknown>>) =>
    /^disabled_plugins = (.*)$/m.exec(containerdConfig(containerdOptions(layout, { kubelet }), true))![1]!
  assert.match(
    disabled({}),
    /snapshotter\.v1\.aufs".*"io\.containerd\.tracing\.processor\.v1\.otlp".*"io\.containerd\.internal\.v1\.tracing"/,
  )
  assert.doesNotMatch(disabled({ tracing: {} }), /tracing/)
  assert.match(disabled({ tracing: {} }), /snapshotter\.v1\.aufs/)
})
