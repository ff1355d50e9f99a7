using Microsoft.Playwright;

namespace NormKit.Lab.Tests;

/// <summary>Check 1: nothing leaves the machine, the page works offline, is small, and answers soon.</summary>
public sealed class OriginTests(Browser browser)
{
    [Fact]
    public async Task Page_LoadedAndGivenAFile_AsksItsOwnOriginOnly()
    {
        IBrowserContext context = await browser.Context();
        List<string> asked = [];
        context.Request += (_, request) => asked.Add(request.Url);
        await using LabPage lab = new(context, await context.NewPageAsync(), browser.Server.Origin);
        await lab.Go();
        await lab.Part("files", "file").SetInputFilesAsync(new FilePayload { Name = "x.npy", MimeType = "application/octet-stream", Buffer = Arrays.Npy([1, 2, 3, 4], 2, 2) });
        await lab.Part("files", "tensors").GetByText("[2, 2]").WaitForAsync();
        string[] known = [browser.Server.Origin, "data:", "blob:" + browser.Server.Origin];
        Assert.NotEmpty(asked);
        Assert.All(asked, address => Assert.True(known.Any(start => address.StartsWith(start, StringComparison.Ordinal)), address));
    }

    [Fact]
    public async Task Page_AfterOneVisit_WorksWithoutANetwork()
    {
        IBrowserContext context = await browser.Context();
        await using LabPage lab = new(context, await context.NewPageAsync(), browser.Server.Origin);
        await lab.Go();
        await lab.Until("() => document.documentElement.hasAttribute('data-offline')");
        await context.SetOfflineAsync(true);
        await lab.Go("layer=instance");
        await lab.Page.ReloadAsync();
        await lab.Until("() => document.querySelector('#touch').dataset.shown?.startsWith('instance')");
        // What reads files is loaded when the first file comes.
        await lab.Part("files", "example").ClickAsync();
        await lab.Page.Locator("#files .verdict").WaitForAsync(new() { Timeout = 60_000 });
    }

    [Fact]
    public async Task Page_FirstVisit_TakesAtMostTwoMegabytes()
    {
        long before = browser.Server.BytesSent;
        IBrowserContext context = await browser.Context(options => options.ServiceWorkers = ServiceWorkerPolicy.Block);
        await using LabPage lab = new(context, await context.NewPageAsync(), browser.Server.Origin);
        await lab.Go();
        long sent = browser.Server.BytesSent - before;
        TestContext.Current.SendDiagnosticMessage($"{sent} bytes");
        Assert.InRange(sent, 500_000, 2_000_000);
    }

    /// <summary>Of three loads the fastest, for the machine may have other work.</summary>
    [Fact]
    public async Task FirstTouch_IsAnsweredWithinTwoSecondsOfTheLoad()
    {
        double best = double.PositiveInfinity;
        for (int attempt = 0; attempt < 3 && best > 2000; attempt++)
        {
            IBrowserContext context = await browser.Context();
            await using LabPage lab = new(context, await context.NewPageAsync(), browser.Server.Origin);
            await lab.Go();
            double elapsed = await lab.Page.EvaluateAsync<double>(
                """
                async () => {
                  const canvas = document.querySelector('#touch [data-part=tensor]'), box = canvas.getBoundingClientRect(), touch = document.querySelector('#touch');
                  const before = touch.dataset.shown;
                  const ready = performance.getEntriesByName('lab-ready')[0].startTime - performance.getEntriesByType('navigation')[0].loadEventEnd, start = performance.now();
                  canvas.dispatchEvent(new PointerEvent('pointermove', { clientX: box.left + box.width * 0.9, clientY: box.top + box.height * 0.9, pointerType: 'mouse', bubbles: true }));
                  while (touch.dataset.shown === before) await new Promise(requestAnimationFrame);
                  return Math.max(0, ready) + performance.now() - start;
                }
                """);
            best = Math.Min(best, elapsed);
        }
        double load = Machine.Load();
        Assert.SkipWhen(best > 2000 && load > Environment.ProcessorCount, $"The machine is busy (load {load}): {best:0} ms say nothing.");
        Assert.True(best <= 2000, $"{best} ms");
    }
}
