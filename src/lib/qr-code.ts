import qrcode from 'qrcode-generator'

/** Cells that stay light around it: ISO/IEC 18004 asks for four. */
const margin = 4

/** A QR code of the text (error correction M) as an SVG, one path of black cells on white. Throws when the text is too long for one. */
export function qrCodeOf(text: string): string {
  const code = qrcode(0, 'M')
  code.addData(text)
  code.make()
  const count = code.getModuleCount()
  const cells = Array.from({ length: count }, (_, row) =>
    Array.from({ length: count }, (_, column) =>
      code.isDark(row, column) ? `M${column + margin} ${row + margin}h1v1h-1z` : '',
    ).join(''),
  ).join('')
  const size = count + 2 * margin
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h${size}v${size}H0z"/><path d="${cells}"/></svg>`
}
