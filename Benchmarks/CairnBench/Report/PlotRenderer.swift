import Glibc

/// Draws plots as SVG within a page of HTML.
enum PlotRenderer {
    private static let width = 760.0
    private static let classCount = 8
    /// About the width of a character, for leaving room.
    private static let characterWidth = 6.6

    /// The plot as an `svg` element.
    static func render(_ plot: Report.Plot, title: String) -> String {
        switch plot {
        case .bars(let unit, let series, let groups):
            bars(unit, series, groups, title)
        case .lines(let across, let up, let series):
            lines(across, up, series.filter { !$0.points.isEmpty }, title)
        }
    }

    // MARK: - Bars

    private static func bars(
        _ unit: String,
        _ series: [String],
        _ groups: [Report.BarGroup],
        _ title: String
    ) -> String {
        let largest = groups.flatMap(\.values).compactMap { $0 }.max() ?? 0
        guard largest > 0 else { return "" }
        let longest = groups.map(\.label.count).max() ?? 0
        let left = min(width / 2, Double(longest) * characterWidth + 16)
        let (right, barHeight, gap) = (70.0, 14.0, 12.0)
        var (drawing, top) = legend(series)
        for group in groups {
            let present = group.values.enumerated().compactMap { index, value in
                value.map { (index, $0) }
            }
            let middle = top + Double(max(1, present.count)) * barHeight / 2 + 4
            drawing += text(left - 8, middle, group.label, anchor: "end")
            for (index, value) in present {
                let length = max(1, value / largest * (width - left - right))
                drawing +=
                    "<rect class=\"\(style(index))\" x=\"\(short(left))\" "
                    + "y=\"\(short(top))\" width=\"\(short(length))\" "
                    + "height=\"\(short(barHeight - 2))\"><title>"
                    + HTMLRenderer.escaped("\(series[index]): \(figure(value)) \(unit)")
                    + "</title></rect>\n"
                drawing += text(left + length + 5, top + 10, figure(value), style: "soft")
                top += barHeight
            }
            if present.isEmpty { top += barHeight }
            top += gap
        }
        drawing += text(left, top + 4, unit, style: "soft")
        return frame(drawing, height: top + 12, title: title)
    }

    // MARK: - Lines

    private static func lines(
        _ across: String,
        _ up: String,
        _ series: [Report.Line],
        _ title: String
    ) -> String {
        let points = series.flatMap(\.points)
        guard let first = points.first else { return "" }
        let acrossDecades = decades(points.map(\.across), first.across)
        let upDecades = decades(points.map(\.up), first.up)
        let (left, right, height) = (70.0, 20.0, 300.0)
        let names = legend(series.map(\.name))
        var drawing = names.drawing
        let top = names.bottom
        func x(_ value: Double) -> Double {
            left + place(value, acrossDecades) * (width - left - right)
        }
        func y(_ value: Double) -> Double { top + (1 - place(value, upDecades)) * height }
        for exponent in acrossDecades {
            let place = x(pow(10, Double(exponent)))
            drawing += rule(place, top, place, top + height)
            drawing += text(place, top + height + 16, power(exponent), anchor: "middle")
        }
        for exponent in upDecades {
            let place = y(pow(10, Double(exponent)))
            drawing += rule(left, place, width - right, place)
            drawing += text(left - 8, place + 4, power(exponent), anchor: "end")
        }
        for (index, line) in series.enumerated() {
            let places = line.points.map { "\(short(x($0.across))),\(short(y($0.up)))" }
            drawing +=
                "<polyline class=\"\(style(index))\" points=\""
                + places.joined(separator: " ") + "\"/>\n"
            for point in line.points {
                drawing +=
                    "<circle class=\"\(style(index))\" cx=\"\(short(x(point.across)))\" "
                    + "cy=\"\(short(y(point.up)))\" r=\"3\"><title>"
                    + HTMLRenderer.escaped("\(line.name): \(figure(point.up)) \(up)")
                    + "</title></circle>\n"
            }
        }
        drawing += text(width - right, top + height + 32, across, style: "soft", anchor: "end")
        drawing += text(left, top + height + 32, up, style: "soft")
        return frame(drawing, height: top + height + 42, title: title)
    }

    /// The powers of ten around some values; two at least.
    private static func decades(_ values: [Double], _ first: Double) -> ClosedRange<Int> {
        let low = Int(floor(log10(values.min() ?? first)))
        let high = Int(ceil(log10(values.max() ?? first)))
        return low...max(high, low + 1)
    }

    private static func place(_ value: Double, _ decades: ClosedRange<Int>) -> Double {
        (log10(value) - Double(decades.lowerBound)) / Double(decades.count - 1)
    }

    private static func power(_ exponent: Int) -> String {
        switch exponent {
        case 0...3: decimals(pow(10, Double(exponent)), 0)
        case -3..<0: decimals(pow(10, Double(exponent)), -exponent)
        default: "10^\(exponent)"
        }
    }

    // MARK: - Pieces

    /// The names beside their colours, in as many rows as it takes, and where what follows begins.
    private static func legend(_ names: [String]) -> (drawing: String, bottom: Double) {
        guard names.count > 1 else { return ("", 8) }
        var (drawing, place, top) = ("", 8.0, 6.0)
        for (index, name) in names.enumerated() {
            let size = 38 + Double(name.count) * characterWidth
            if place + size > width && place > 8 { (place, top) = (8, top + 20) }
            drawing +=
                "<rect class=\"\(style(index))\" x=\"\(short(place))\" "
                + "y=\"\(short(top))\" width=\"12\" height=\"12\"/>\n"
            drawing += text(place + 17, top + 10, name)
            place += size
        }
        return (drawing, top + 26)
    }

    private static func text(
        _ x: Double,
        _ y: Double,
        _ text: String,
        style: String = "",
        anchor: String = "start"
    ) -> String {
        "<text class=\"\(style)\" x=\"\(short(x))\" y=\"\(short(y))\" text-anchor=\"\(anchor)\">"
            + HTMLRenderer.escaped(text) + "</text>\n"
    }

    private static func rule(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double) -> String {
        "<line class=\"axis\" x1=\"\(short(x1))\" y1=\"\(short(y1))\" x2=\"\(short(x2))\" "
            + "y2=\"\(short(y2))\"/>\n"
    }

    private static func frame(_ drawing: String, height: Double, title: String) -> String {
        "<svg viewBox=\"0 0 \(short(width)) \(short(height))\" width=\"\(short(width))\" "
            + "height=\"\(short(height))\" role=\"img\" aria-label=\""
            + HTMLRenderer.escaped(title) + "\">\n\(drawing)</svg>\n"
    }

    private static func style(_ index: Int) -> String { "s\(index % classCount)" }

    private static func short(_ value: Double) -> String { decimals(value, 1) }

    private static func figure(_ value: Double) -> String {
        value >= 100 ? decimals(value, 0) : value >= 1 ? decimals(value, 2) : decimals(value, 3)
    }
}
