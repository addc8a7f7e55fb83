import { colour } from '@/theme/colours'

const SIZE = 40

/** The mark of a light as an image: square, triangle, dot and ring, as everywhere else, with an edge of the ground. */
export function lightImage(light: string): ImageData {
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = SIZE
  const pen = canvas.getContext('2d')
  if (!pen) return new ImageData(SIZE, SIZE)
  pen.fillStyle = colour(light === 'yellow' ? 'yellow-mark' : light)
  pen.strokeStyle = colour('map-land')
  pen.lineWidth = 4
  pen.lineJoin = 'round'
  pen.beginPath()
  if (light === 'red') pen.roundRect(7, 7, 26, 26, 3)
  else if (light === 'yellow') {
    pen.moveTo(20, 4)
    pen.lineTo(37, 34)
    pen.lineTo(3, 34)
    pen.closePath()
  } else pen.arc(20, 20, light === 'green' ? 14 : 12, 0, 2 * Math.PI)
  pen.stroke()
  pen.fill()
  return pen.getImageData(0, 0, SIZE, SIZE)
}
