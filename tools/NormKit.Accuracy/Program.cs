using NormKit.Accuracy;

// accuracy                       the tables, in some minutes
// accuracy --write FILE          and into FILE, between its two marks; in a build with libtorch (-p:Torch=true)
// accuracy --all FILE.tsv        every single figure: layer, type, layout, offset, scale
string? write = Value("--write"), all = Value("--all");
if (args.Length != (write is null ? 0 : 2) + (all is null ? 0 : 2))
{
    Console.Error.WriteLine("accuracy: use [--write docs/guarantees.md] [--all FILE.tsv].");
    return 2;
}
#if TORCH
if (NormKit.Benchmarks.Peers.TorchLibrary.WhyNot() is string why)
{
    Console.Error.WriteLine($"accuracy: libtorch does not load here: {why}");
    return 1;
}
#else
if (write is not null)
{
    Console.Error.WriteLine("accuracy: --write needs libtorch; add -p:Torch=true after the project.");
    return 2;
}
#endif
List<Figure> figures = Figure.OfEveryLayer();
List<SixteenBitFigure> sixteen = SixteenBitFigure.OfEveryLayer();
if (all is not null)
    File.WriteAllLines(all, [Figure.Header, .. figures.Select(f => f.ToString()), .. sixteen.Select(f => f.ToString())]);
string text = Tables.OfLayers(figures) + "\n" + Tables.OfSixteenBits(sixteen) + "\n" + Tables.OfPeers();
Console.Write(text);
if (write is not null)
    Tables.Write(write, text);
return 0;

string? Value(string option)
{
    int at = Array.IndexOf(args, option);
    return at >= 0 && at + 1 < args.Length ? args[at + 1] : null;
}
