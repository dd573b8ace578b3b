/** Bodies of one kilobyte, as the original was measured with. */

export const configMap = (name: string): string => {
  const data = 'x'.repeat(1024 - 75 - name.length)
  return `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"${name}"},"data":{"payload":"${data}"}}`
}

/** For a scheduler that does not exist: it stays as it is, and no node takes it, but for one that `nodeName` names. */
export const pod = (name: string, { labels = {}, nodeName }: { labels?: Record<string, string>; nodeName?: string } = {}): string => {
  const body = JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: 'bench', tier: 'load', ...labels } },
    spec: {
      schedulerName: 'nobody',
      nodeName,
      containers: [
        {
          name: 'main',
          image: 'registry.test/bench/main:1.0',
          ports: [{ containerPort: 8080 }],
          env: [{ name: 'PADDING', value: '' }],
          resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '64Mi' } },
        },
      ],
    },
  })
  return body.replace('"value":""', `"value":"${'x'.repeat(Math.max(0, 1024 - body.length))}"`)
}

/** What a kubelet says of a pod that runs. */
export const podStatus = (n: number): string =>
  JSON.stringify({
    status: {
      phase: 'Running',
      podIP: `10.244.${n % 250}.${n % 240}`,
      conditions: [
        { type: 'Ready', status: n % 2 === 0 ? 'True' : 'False', lastTransitionTime: '2026-01-01T00:00:00Z', reason: `n${n}` },
        { type: 'ContainersReady', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' },
      ],
    },
  })

/** A Lease as a kubelet renews it: `n` makes each one differ from the last. */
export const lease = (name: string, resourceVersion: string, n: number): string => {
  const spec = { holderIdentity: `holder-${n}`, leaseDurationSeconds: 40, renewTime: '2026-01-01T00:00:00.000000Z' }
  return JSON.stringify({ metadata: { name, resourceVersion }, spec })
}

/** Without parsing the whole: the driver's own work is not what is measured. */
export const resourceVersionOf = (body: Buffer): string => /"resourceVersion":"(\d+)"/.exec(body.toString('latin1'))![1]!
