/** Whether this kernel can keep what lies in a tmpfs out of swap: its option `noswap` came with Linux 6.4. */
export function hasNoswap(kernelVersion: string): boolean {
  const [major = 0, minor = 0] = kernelVersion.split('.').map((part) => Number.parseInt(part, 10))
  return major > 6 || (major === 6 && minor >= 4)
}
